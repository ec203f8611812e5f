import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams: an aggregate over windows in a cached in-memory store, suppressed until the window closes.
 * usage: Streams BOOTSTRAP IN OUT RECORDS EVERY at_least_once|exactly_once_v2
 */
public final class Streams {
    private static final Duration WINDOW = Duration.ofMillis(Sum.WINDOW_MS);

    public static void main(String[] args) throws InterruptedException {
        long records = Long.parseLong(args[3]);
        Marks marks = new Marks(Long.parseLong(args[4]));
        CountDownLatch done = new CountDownLatch(1);
        KafkaStreams streams = new KafkaStreams(topology(args[1], args[2], marks, records, done).build(), settings(args));
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return null;
        });
        streams.start();
        done.await();
        streams.close();
    }

    private static StreamsBuilder topology(String in, String out, Marks marks, long records, CountDownLatch done) {
        StreamsBuilder builder = new StreamsBuilder();
        Serde<String> name = Serdes.serdeFrom(new StringSerializer(), names());
        Serde<Order> order = Serdes.serdeFrom((topic, value) -> null, (topic, value) -> new Order().read(value));
        Serde<Sum> sum = Serdes.serdeFrom(
                (topic, value) -> value == null ? null
                        : ByteBuffer.allocate(16).putLong(value.signed).putLong(value.count).array(),
                (topic, value) -> value == null ? null : sum(ByteBuffer.wrap(value)));
        Consumed<String, Order> consumed = Consumed.with(name, order)
                .withTimestampExtractor((record, before) -> ((Order) record.value()).eventNs / 1_000_000);
        builder.stream(in, consumed)
                .groupByKey(Grouped.with(name, order))
                .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW))
                .aggregate(
                        Sum::new,
                        (key, value, total) -> {
                            marks.count();
                            if (marks.seen >= records) done.countDown();
                            return total.add(value.signed);
                        },
                        Materialized.<String, Sum>as(Stores.inMemoryWindowStore("sums", WINDOW.multipliedBy(2), WINDOW, false))
                                .withKeySerde(name)
                                .withValueSerde(sum)
                                .withCachingEnabled())
                .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
                .toStream()
                .map((window, total) -> KeyValue.pair(
                        window.key(), Sum.closed(window.window().start(), total.signed, total.count)))
                .to(out, Produced.with(name, Serdes.ByteArray()));
        return builder;
    }

    private static Sum sum(ByteBuffer bytes) {
        Sum sum = new Sum();
        sum.signed = bytes.getLong();
        sum.count = bytes.getLong();
        return sum;
    }

    private static Deserializer<String> names() {
        Names names = new Names();
        return (topic, key) -> names.of(key);
    }

    private static Properties settings(String[] args) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("application.id", args[2]);
        settings.put("auto.offset.reset", "earliest");
        settings.put("processing.guarantee", args[5]);
        settings.put("commit.interval.ms", "1000");
        settings.put("num.stream.threads", "1");
        settings.put("statestore.cache.max.bytes", "67108864");
        settings.put("buffered.records.per.partition", "10000");
        settings.put("max.poll.records", "5000");
        settings.put("max.partition.fetch.bytes", "8388608");
        settings.put("receive.buffer.bytes", "4194304");
        settings.put("linger.ms", "5");
        settings.put("topology.optimization", "all");
        settings.put("state.dir", System.getProperty("java.io.tmpdir"));
        return settings;
    }
}
