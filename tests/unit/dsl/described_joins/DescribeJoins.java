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
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KGroupedTable;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TableJoined;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * As Describe.java, for tables and joins: writes what Kafka Streams 4.3.1 answers to Topology#describe.
 * With kafka-streams and its dependencies in LIBS: javac -cp "LIBS/*" -d out DescribeJoins.java;
 * java -cp "LIBS/*:out" DescribeJoins
 */
public final class DescribeJoins {
    private static final Serde<String> TEXT = Serdes.String();

    private static Consumed<String, String> text() {
        return Consumed.with(TEXT, TEXT);
    }

    private static KTable<String, String> table(final StreamsBuilder builder, final String topic, final String name) {
        return builder.table(topic, text().withName(name), kept(name));
    }

    /** A table that is kept only if a step needs it. */
    private static KTable<String, String> unkept(final StreamsBuilder builder, final String topic, final String name) {
        return builder.table(topic, text().withName(name), Materialized.with(TEXT, TEXT));
    }

    private static Materialized<String, String, KeyValueStore<Bytes, byte[]>> kept(final String name) {
        return Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as(name)
            .withKeySerde(TEXT).withValueSerde(TEXT);
    }

    private static StreamJoined<String, String, String> joined(final String name) {
        return StreamJoined.with(TEXT, TEXT, TEXT).withName(name).withStoreName(name);
    }

    private static JoinWindows within(final int minutes) {
        return JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMinutes(minutes), Duration.ofSeconds(30));
    }

    private static void write(final String name, final Consumer<StreamsBuilder> author) throws IOException {
        final StreamsBuilder builder = new StreamsBuilder();
        author.accept(builder);
        Files.writeString(Path.of(name + ".txt"), builder.build().describe().toString());
    }

    public static void main(final String[] arguments) throws IOException {
        write("to-table", b -> b.stream("in", text())
            .toTable(Named.as("rows"), kept("rows"))
            .filter((k, v) -> true).mapValues(v -> v).toStream().to("out"));
        write("unkept-table", b -> unkept(b, "in", "rows").filter((k, v) -> true).toStream().to("out"));
        write("kept-table-steps", b -> table(b, "in", "rows")
            .filter((k, v) -> true, Named.as("some"), kept("some"))
            .mapValues(v -> v, Named.as("mapped"), kept("mapped")).toStream().to("out"));
        write("table-groups", b -> {
            final KGroupedTable<String, String> groups =
                table(b, "in", "rows").groupBy((k, v) -> KeyValue.pair(v, v), Grouped.with("by-v", TEXT, TEXT));
            groups.count(Named.as("n"), Materialized.<String, Long, KeyValueStore<Bytes, byte[]>>as("n"))
                .toStream().to("counts");
            groups.reduce((x, y) -> x, (x, y) -> x, Named.as("r"), kept("r")).toStream().to("out");
        });
        write("table-join", b -> {
            final KTable<String, String> left = table(b, "a", "left");
            left.join(table(b, "b", "right"), (x, y) -> x).toStream().to("out");
        });
        write("table-joins", b -> {
            final KTable<String, String> left = table(b, "a", "left");
            final KTable<String, String> right = table(b, "b", "right");
            final KTable<String, String> both =
                left.leftJoin(right.filter((k, v) -> true), (x, y) -> x, Named.as("both"), kept("both"));
            both.outerJoin(table(b, "c", "third"), (x, y) -> x).toStream().to("out");
        });
        write("stream-join", b -> {
            final KStream<String, String> left = b.stream("a", text());
            left.join(b.stream("b", text()), (x, y) -> x, within(5), joined("near")).to("out");
        });
        write("stream-left-join", b -> {
            final KStream<String, String> left = b.stream("a", text());
            left.leftJoin(b.stream("b", text()), (x, y) -> x, within(5), joined("near")).to("out");
        });
        write("stream-outer-join", b -> {
            final KStream<String, String> left = b.stream("a", text());
            left.outerJoin(b.stream("b", text()), (x, y) -> x, within(5), joined("near")).to("out");
        });
        write("global-join", b -> {
            final GlobalKTable<String, String> all =
                b.globalTable("products", text().withName("products"), kept("products"));
            b.stream("in", text()).join(all, (k, v) -> v, (x, y) -> x).to("out");
        });
        write("grace-join", b -> {
            final KTable<String, String> past = b.table("users", text().withName("users"), Materialized
                .<String, String>as(Stores.persistentVersionedKeyValueStore("users", Duration.ofMinutes(5)))
                .withKeySerde(TEXT).withValueSerde(TEXT));
            b.stream("in", text()).join(past, (x, y) -> x, Joined.with(TEXT, TEXT, TEXT).withName("late")
                .withGracePeriod(Duration.ofMinutes(1))).to("out");
        });
        write("foreign-key-join", b -> {
            final KTable<String, String> left = table(b, "a", "left");
            left.join(table(b, "b", "right"), v -> v, (x, y) -> x, TableJoined.as("fk"), kept("fk"))
                .toStream().to("out");
        });
    }
}
