package bench;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** JSON by Jackson, with the reader and writer of each type made once. */
final class Json {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

  private Json() {}

  static <T> Serde<T> of(Class<T> type) {
    ObjectWriter writer = MAPPER.writerFor(type);
    return Serdes.serdeFrom(
        (topic, value) -> {
          try {
            return value == null ? null : writer.writeValueAsBytes(value);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        reader(type));
  }

  /** That of an input topic, which also says when the first record comes. */
  static <T> Serde<T> input(Class<T> type) {
    Deserializer<T> reader = reader(type);
    boolean[] seen = {false};
    return Serdes.serdeFrom(
        of(type).serializer(),
        (topic, bytes) -> {
          if (!seen[0]) {
            seen[0] = true;
            Main.mark("first");
          }
          return reader.deserialize(topic, bytes);
        });
  }

  private static <T> Deserializer<T> reader(Class<T> type) {
    ObjectReader reader = MAPPER.readerFor(type);
    return (topic, bytes) -> {
      try {
        return bytes == null ? null : reader.readValue(bytes);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    };
  }
}
