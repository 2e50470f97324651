package bench;

import bench.Values.Count;
import bench.Values.Enriched;
import bench.Values.Event;
import bench.Values.Order;
import bench.Values.PaidOrder;
import bench.Values.Payment;
import bench.Values.User;
import bench.Values.WindowCount;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;

/** W1 to W7, step for step as the topologies in bench/workloads. */
final class Workloads {
  private static final Serde<String> KEY = Serdes.String();
  private static final Serde<Event> EVENT = Json.of(Event.class);
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration GRACE = Duration.ofSeconds(30);

  private final StreamsBuilder builder;
  private final String[] inputs;
  private final String output;
  private final String table;

  Workloads(StreamsBuilder builder, String[] inputs, String output, String table) {
    this.builder = builder;
    this.inputs = inputs;
    this.output = output;
    this.table = table;
  }

  void build(String workload) {
    switch (workload) {
      case "W1" -> events().filter((key, event) -> event.important).to(output, Produced.with(KEY, EVENT));
      case "W2" -> counted(byKey());
      case "W3" -> tumbling();
      case "W4" -> counted(events().groupBy((key, event) -> event.sku, Grouped.with(KEY, EVENT)));
      case "W5" -> enriched();
      case "W6" -> paid();
      case "W7" -> sessions();
      default -> throw new IllegalArgumentException("there is no workload " + workload);
    }
  }

  private KStream<String, Event> events() {
    return builder.stream(inputs[0], Consumed.with(KEY, Json.input(Event.class)));
  }

  private KGroupedStream<String, Event> byKey() {
    return events().groupByKey(Grouped.with(KEY, EVENT));
  }

  private void counted(KGroupedStream<String, Event> groups) {
    groups.count().toStream().mapValues((key, count) -> new Count(key, count))
        .to(output, Produced.with(KEY, Json.of(Count.class)));
  }

  private void tumbling() {
    flat(byKey().windowedBy(TimeWindows.ofSizeAndGrace(MINUTE, GRACE)).count());
  }

  private void sessions() {
    flat(byKey().windowedBy(SessionWindows.ofInactivityGapAndGrace(MINUTE.multipliedBy(5), GRACE)).count());
  }

  private void flat(KTable<Windowed<String>, Long> counts) {
    counts.toStream().filter((window, count) -> count != null)
        .map((window, count) -> KeyValue.pair(window.key(),
            new WindowCount(window.key(), window.window().start(), window.window().end(), count)))
        .to(output, Produced.with(KEY, Json.of(WindowCount.class)));
  }

  private void enriched() {
    KTable<String, User> users = builder.table(table, Consumed.with(KEY, Json.of(User.class)));
    events().join(users, Enriched::new, Joined.with(KEY, EVENT, null))
        .to(output, Produced.with(KEY, Json.of(Enriched.class)));
  }

  private void paid() {
    KStream<String, Order> orders = builder.stream(inputs[0], Consumed.with(KEY, Json.input(Order.class)));
    KStream<String, Payment> payments = builder.stream(inputs[1], Consumed.with(KEY, Json.of(Payment.class)));
    orders.join(payments, PaidOrder::new,
            JoinWindows.ofTimeDifferenceAndGrace(MINUTE.multipliedBy(5), MINUTE),
            StreamJoined.with(KEY, Json.of(Order.class), Json.of(Payment.class)))
        .to(output, Produced.with(KEY, Json.of(PaidOrder.class)));
  }
}
