package bench;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.StateRestoreListener;

/** One workload in Kafka Streams, one thread, until SIGTERM; options as those of `python -m bench.system`. */
public final class Main {
  private Main() {}

  static synchronized void mark(String name) {
    System.out.println("BENCH " + name + " " + System.currentTimeMillis() / 1000.0);
    System.out.flush();
  }

  public static void main(String[] words) throws InterruptedException {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i + 1 < words.length; i += 2) {
      options.put(words[i].substring(2), words[i + 1]);
    }
    StreamsBuilder builder = new StreamsBuilder();
    String workload = options.get("workload");
    boolean cached = workload.endsWith("c");
    new Workloads(builder, options.get("input").split(","), options.get("output"), options.get("table"))
        .build(cached ? workload.substring(0, workload.length() - 1) : workload);
    run(new KafkaStreams(builder.build(), properties(options, cached)));
  }

  private static Properties properties(Map<String, String> options, boolean cached) {
    Properties all = new Properties();
    boolean exact = options.get("guarantee").equals("exactly_once");
    all.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
        exact ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
    all.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, options.get("commit-interval-ms"));
    all.put(StreamsConfig.APPLICATION_ID_CONFIG, options.get("app-id"));
    all.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("bootstrap"));
    all.put(StreamsConfig.STATE_DIR_CONFIG, options.get("state-dir"));
    all.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, "1");
    all.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, "1");
    all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    if (!cached) {
      all.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, "0");
    }
    if (options.containsKey("linger-ms")) {
      all.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), options.get("linger-ms"));
    }
    if (options.containsKey("session-timeout-ms")) {
      all.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, options.get("session-timeout-ms"));
      all.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, "1000");
    }
    return all;
  }

  private static void run(KafkaStreams streams) throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    streams.setGlobalStateRestoreListener(new Restoring());
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      streams.close(Duration.ofSeconds(20));
      ended.countDown();
    }));
    streams.start();
    ended.await();
  }

  /** Says when a store begins and ends to be restored. */
  private static final class Restoring implements StateRestoreListener {
    @Override
    public void onRestoreStart(TopicPartition at, String store, long from, long to) {
      mark("restore-start");
    }

    @Override
    public void onBatchRestored(TopicPartition at, String store, long end, long count) {}

    @Override
    public void onRestoreEnd(TopicPartition at, String store, long count) {
      mark("restore-end");
    }
  }
}
