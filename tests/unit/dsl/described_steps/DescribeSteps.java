import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.BranchedKStream;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Printed;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Writes what Kafka Streams 4.3.1 answers to Topology#describe, one file per topology, into the current folder.
 * With kafka-streams and its dependencies in LIBS:
 * javac -cp "LIBS/*" -d out DescribeSteps.java; java -cp "LIBS/*:out" DescribeSteps
 */
public final class DescribeSteps {
    private static final Serde<String> TEXT = Serdes.String();

    private static final StoreBuilder<?> STORE =
        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("seen"), TEXT, TEXT);

    private static final StoreBuilder<?> OTHER =
        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("also"), TEXT, TEXT);

    private static Consumed<String, String> text() {
        return Consumed.with(TEXT, TEXT);
    }

    private static void write(final String name, final Consumer<StreamsBuilder> author) throws IOException {
        final StreamsBuilder builder = new StreamsBuilder();
        author.accept(builder);
        Files.writeString(Path.of(name + ".txt"), builder.build().describe().toString());
    }

    private static ProcessorSupplier<String, String, String, String> processor(final StoreBuilder<?>... stores) {
        return new ProcessorSupplier<>() {
            @Override
            public Processor<String, String, String, String> get() {
                return new Processor<>() {
                    @Override
                    public void process(final Record<String, String> record) {
                    }
                };
            }

            @Override
            public Set<StoreBuilder<?>> stores() {
                return Set.of(stores);
            }
        };
    }

    private static FixedKeyProcessorSupplier<String, String, String> values() {
        return () -> new FixedKeyProcessor<>() {
            @Override
            public void process(final FixedKeyRecord<String, String> record) {
            }
        };
    }

    private static void print(final KStream<String, String> stream) {
        stream.print(Printed.toSysOut());
    }

    public static void main(final String[] arguments) throws IOException {
        write("flat-maps", b -> b.stream("in", text())
            .flatMap((k, v) -> List.of(KeyValue.pair(k, v))).flatMapValues(v -> List.of(v)).peek((k, v) -> { }).to("out"));
        write("effects", b -> {
            final KStream<String, String> in = b.stream("in", text());
            in.foreach((k, v) -> { });
            print(in);
        });
        write("merge", b -> {
            final KStream<String, String> one = b.stream("b", text()).filter((k, v) -> true);
            final KStream<String, String> two = b.stream("a", text());
            one.merge(two).merge(b.stream("c", text())).to("out");
        });
        write("merge-of-sub-topologies", b -> {
            final KStream<String, String> one = b.stream("b", text());
            final KStream<String, String> moved = one.selectKey((k, v) -> v)
                .repartition(Repartitioned.<String, String>as("by-v").withKeySerde(TEXT).withValueSerde(TEXT));
            moved.merge(b.stream("a", text())).groupByKey(Grouped.with(TEXT, TEXT))
                .count(Named.as("n"), Materialized.as("n"));
        });
        write("split", b -> {
            final KStream<String, String>[] made = new KStream[3];
            b.stream("in", text()).split()
                .branch((k, v) -> true, Branched.withConsumer(s -> made[0] = s))
                .branch((k, v) -> true, Branched.withConsumer(s -> made[1] = s))
                .defaultBranch(Branched.withConsumer(s -> made[2] = s));
            made[1].to("one");
            made[0].mapValues(v -> v).merge(made[2]).to("out");
        });
        write("split-without-default", b -> {
            final KStream<String, String>[] made = new KStream[1];
            final BranchedKStream<String, String> split = b.stream("in", text()).filter((k, v) -> true).split();
            split.branch((k, v) -> true, Branched.withConsumer(s -> made[0] = s)).noDefaultBranch();
            made[0].to("out");
        });
        write("several-topics", b -> {
            b.stream(List.of("orders", "payments", "returns"), text()).to("out");
            b.stream("z", text()).to("out2");
        });
        write("pattern", b -> b.stream(Pattern.compile("orders-.*"), text()).to("out"));
        write("process", b -> b.stream("in", text())
            .process(processor(STORE, OTHER), Named.as("watching"))
            .filter((k, v) -> true)
            .processValues(values(), Named.as("adding")).to("out"));
        write("processors-that-share", b -> {
            b.addStateStore(STORE);  // given by its supplier to both, 4.3.1 makes two sub-topologies with one changelog
            b.stream("in", text()).process(processor(), Named.as("first"), "seen").to("out");
            b.stream("other", text()).process(processor(), Named.as("second"), "seen").to("out2");
            b.stream("third", text()).to("out3");
        });
    }
}
