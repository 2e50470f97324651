import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Writes what Kafka Streams 4.3.1 answers to Topology#describe, one file per topology, into the current folder.
 * With kafka-streams and its dependencies in LIBS: javac -cp "LIBS/*" -d out Describe.java; java -cp "LIBS/*:out" Describe
 */
public final class Describe {
    private static final Serde<String> TEXT = Serdes.String();

    private static Consumed<String, String> text() {
        return Consumed.with(TEXT, TEXT);
    }

    private static KTable<String, String> table(final StreamsBuilder builder, final String topic, final String name) {
        return builder.table(topic, text().withName(name), Materialized.as(name));
    }

    private static Grouped<String, String> grouped(final String name) {
        return Grouped.with(name, TEXT, TEXT);
    }

    private static KTable<String, Long> count(final KGroupedStream<String, String> group, final String name) {
        return group.count(Named.as(name), Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as(name));
    }

    private static Repartitioned<String, String> repartitioned(final String name) {
        return Repartitioned.<String, String>as(name).withKeySerde(TEXT).withValueSerde(TEXT);
    }

    private static void write(final String name, final Consumer<StreamsBuilder> author) throws IOException {
        final StreamsBuilder builder = new StreamsBuilder();
        author.accept(builder);
        Files.writeString(Path.of(name + ".txt"), builder.build().describe().toString());
    }

    public static void main(final String[] arguments) throws IOException {
        write("stateless", b -> b.stream("in", text())
            .filter((k, v) -> true).filterNot((k, v) -> true).mapValues(v -> v)
            .map((k, v) -> KeyValue.pair(k, v)).selectKey((k, v) -> k).to("out"));
        write("join", b -> {
            final KTable<String, String> users = table(b, "users", "users");
            b.stream("activity", text()).join(users, (x, y) -> x).to("enriched");
        });
        write("left-join", b -> {
            final KStream<String, String> activity = b.stream("activity", text());
            activity.leftJoin(table(b, "users", "users-by-id"), (x, y) -> x).to("enriched");
        });
        write("table", b -> table(b, "users", "users").toStream().to("copy"));
        write("example", b -> {
            final KTable<String, String> users = table(b, "users", "users");
            b.stream("page-views", text()).filter((k, v) -> true).join(users, (x, y) -> x)
                .groupBy((k, v) -> v, grouped("by-country"))
                .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(5), Duration.ofSeconds(30)))
                .count(Named.as("views-per-country"), Materialized.as("views-per-country"))
                .toStream().to("country-counts",
                    Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 300000L), Serdes.Long()));
        });
        write("two-aggregates", b -> {
            final KGroupedStream<String, String> group = b.stream("in", text()).groupBy((k, v) -> v, grouped("by-v"));
            count(group, "x");
            group.aggregate(() -> "", (k, v, all) -> v, Named.as("y"), Materialized.as("y")).toStream().to("out");
            b.stream("in2", text()).to("out2");
        });
        write("two-aggregates-of-the-key", b -> {
            final KGroupedStream<String, String> group = b.stream("in", text()).groupByKey();
            count(group, "x");
            group.aggregate(() -> "", (k, v, all) -> v, Named.as("y"), Materialized.as("y")).toStream().to("out");
        });
        write("group-by-changed-key", b ->
            count(b.stream("in", text()).selectKey((k, v) -> v).groupByKey(grouped("by-v")), "x").toStream().to("out"));
        write("repartition", b ->
            b.stream("in", text()).selectKey((k, v) -> v).repartition(repartitioned("by-v"))
                .leftJoin(table(b, "users", "users"), (x, y) -> x).to("out"));
        write("topic-read-twice", b -> {
            b.stream("in", text()).filter((k, v) -> true).to("out1");
            b.stream("in", text()).mapValues(v -> v).to("out2");
        });
        write("branches", b -> {
            final KStream<String, String> in = b.stream("in", text());
            final KStream<String, String> kept = in.filter((k, v) -> true);
            kept.to("out1");
            kept.mapValues(v -> v).to("out2");
            in.to("out3");
            kept.filter((k, v) -> true).filter((k, v) -> true).to("out4");
            kept.mapValues(v -> v).mapValues(v -> v).mapValues(v -> v).to("out5");
            b.stream("other", text()).to("out6");
        });
        write("self-join", b -> {
            final KStream<String, String> in = b.stream("in", text());
            in.join(count(in.groupByKey(), "x"), (v, n) -> v).to("out");
        });
        write("three-steps", b -> {
            final KStream<String, String> in = b.stream("in", text());
            final KTable<String, String> users = table(b, "users", "users");
            final KStream<String, String> moved = in.selectKey((k, v) -> v).repartition(repartitioned("by-user"));
            count(moved.join(users, (v, n) -> v).groupBy((k, v) -> v, grouped("by-x")), "n")
                .toStream().to("counts", Produced.with(TEXT, Serdes.Long()));
            count(b.stream("z", text()).groupByKey(), "m");
            moved.to("out");
        });
        write("groups-out-of-order", b -> {
            final KGroupedStream<String, String> group = b.stream("a", text()).groupBy((k, v) -> v, grouped("g"));
            final KStream<String, String> other = b.stream("b", text());
            count(other.groupBy((k, v) -> v, grouped("h")), "h-count");
            count(group, "g-count");
            other.to("out");
        });
        write("sources-of-a-join", b -> {
            final KStream<String, String> first = b.stream("b", text());
            first.to("out1");
            final KStream<String, String> second = b.stream("a", text());
            second.to("out2");
            final KTable<String, String> users = table(b, "users", "users");
            second.join(users, (v, n) -> v).to("out3");
            first.join(users, (v, n) -> v).to("out4");
        });
    }
}
