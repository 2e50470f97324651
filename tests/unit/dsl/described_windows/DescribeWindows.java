import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/**
 * As Describe, for aggregations with windows, cogroup and suppress.
 * With kafka-streams and its dependencies in LIBS: javac -cp "LIBS/*" -d out DescribeWindows.java; java -cp "LIBS/*:out" DescribeWindows
 */
public final class DescribeWindows {
    private static final Serde<String> TEXT = Serdes.String();
    private static final Duration SECOND = Duration.ofSeconds(1);

    private static KGroupedStream<String, String> group(final StreamsBuilder builder, final String topic) {
        return builder.stream(topic, Consumed.with(TEXT, TEXT)).groupByKey();
    }

    private static KGroupedStream<String, String> changed(final StreamsBuilder builder, final String topic,
                                                          final String name) {
        return builder.stream(topic, Consumed.with(TEXT, TEXT)).groupBy((k, v) -> v, Grouped.with(name, TEXT, TEXT));
    }

    private static Produced<org.apache.kafka.streams.kstream.Windowed<String>, Long> windows() {
        return Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 1000L), Serdes.Long());
    }

    private static void write(final String name, final Consumer<StreamsBuilder> author) throws IOException {
        final StreamsBuilder builder = new StreamsBuilder();
        author.accept(builder);
        Files.writeString(Path.of(name + ".txt"), builder.build().describe().toString());
    }

    public static void main(final String[] arguments) throws IOException {
        write("reduce", b -> group(b, "in").reduce((x, y) -> y, Named.as("last"), Materialized.as("last"))
            .toStream().to("out"));
        write("windows", b -> {
            final KGroupedStream<String, String> group = changed(b, "in", "by-v");
            group.windowedBy(TimeWindows.ofSizeWithNoGrace(SECOND).advanceBy(Duration.ofMillis(500)))
                .count(Named.as("hopping"), Materialized.as("hopping")).toStream().to("hopping-out", windows());
            group.windowedBy(SlidingWindows.ofTimeDifferenceWithNoGrace(SECOND))
                .reduce((x, y) -> y, Named.as("sliding"), Materialized.as("sliding"));
            group.windowedBy(SessionWindows.ofInactivityGapWithNoGrace(SECOND))
                .aggregate(() -> "", (k, v, a) -> v, (k, x, y) -> y, Named.as("sessions"), Materialized.as("sessions"));
            group.windowedBy(TimeWindows.ofSizeWithNoGrace(SECOND)).emitStrategy(EmitStrategy.onWindowClose())
                .count(Named.as("closed"), Materialized.as("closed"));
        });
        write("suppress", b -> group(b, "in").windowedBy(TimeWindows.ofSizeWithNoGrace(SECOND))
            .count(Named.as("per-second"), Materialized.as("per-second"))
            .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()).withName("final"))
            .toStream().to("out", windows()));
        write("cogroup", b -> group(b, "left").<String>cogroup((k, v, a) -> v)
            .cogroup(changed(b, "right", "by-v"), (k, v, a) -> v)
            .aggregate(() -> "", Named.as("both"), Materialized.as("both")).toStream().to("out"));
        write("windowed-cogroup", b -> {
            final KGroupedStream<String, String> left = changed(b, "left", "by-left");
            final KGroupedStream<String, String> right = changed(b, "right", "by-right");
            left.<String>cogroup((k, v, a) -> v).cogroup(right, (k, v, a) -> v)
                .windowedBy(SlidingWindows.ofTimeDifferenceWithNoGrace(SECOND))
                .aggregate(() -> "", Named.as("both"), Materialized.as("both"))
                .suppress(Suppressed.untilTimeLimit(SECOND, BufferConfig.maxRecords(10)).withName("later"));
        });
    }
}
