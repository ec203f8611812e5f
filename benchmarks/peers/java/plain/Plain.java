import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** A consumer, a hash map, a producer. usage: Plain BOOTSTRAP IN OUT RECORDS EVERY default|tuned|fetch */
public final class Plain {
    private final KafkaProducer<String, byte[]> producer;
    private final String out;
    private final Order order = new Order();
    private final Names names = new Names();
    private Map<String, Sum> sums = new HashMap<>();
    private long window = Long.MIN_VALUE; // start, ms

    private Plain(String bootstrap, String out) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("linger.ms", "5");
        producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
        this.out = out;
    }

    public static void main(String[] args) {
        long records = Long.parseLong(args[3]);
        String mode = args[5];
        Plain plain = new Plain(args[0], args[2]);
        Marks marks = new Marks(Long.parseLong(args[4]));
        long done = 0;
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(args[0], args[2], mode)) {
            consumer.subscribe(List.of(args[1]));
            while (done < records) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    if (!mode.equals("fetch")) plain.take(record);
                    marks.count();
                    done++;
                }
            }
            consumer.commitSync();
        }
        plain.producer.close();
    }

    private static KafkaConsumer<byte[], byte[]> consumer(String bootstrap, String group, String mode) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("group.id", group);
        settings.put("auto.offset.reset", "earliest");
        settings.put("auto.commit.interval.ms", "1000");
        if (!mode.equals("default")) {
            settings.put("max.partition.fetch.bytes", "8388608");
            settings.put("receive.buffer.bytes", "4194304");
            settings.put("max.poll.records", "5000");
        }
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** Event time only grows within the partition, so its newest stamp is the watermark and one window is open. */
    private void take(ConsumerRecord<byte[], byte[]> record) {
        order.read(record.value());
        long start = Math.floorDiv(order.eventNs, Sum.WINDOW_MS * 1_000_000) * Sum.WINDOW_MS;
        if (start > window) {
            close();
            window = start;
        }
        Sum sum = sums.computeIfAbsent(names.of(record.key()), name -> new Sum());
        sum.add(order.signed);
    }

    private void close() {
        sums.forEach((name, sum) ->
                producer.send(new ProducerRecord<>(out, name, Sum.closed(window, sum.signed, sum.count))));
        sums = new HashMap<>(2 * sums.size());
    }
}
