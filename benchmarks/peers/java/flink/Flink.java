import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Flink: checkpoints every second, heap state, object reuse, one slot.
 * usage: Flink BOOTSTRAP IN OUT RECORDS EVERY exchange|chained
 *
 * exchange: the usual keyBy, with its network exchange. chained: the topic is partitioned by that key already, which
 * reinterpretAsKeyedStream tells Flink, so that source and window run in one thread.
 */
public final class Flink {
    private static final TypeInformation<Tuple3<String, Long, Long>> ROW =
            Types.TUPLE(Types.STRING, Types.LONG, Types.LONG); // instrument, signed lots, event ns

    public static void main(String[] args) throws Exception {
        long records = Long.parseLong(args[3]);
        Configuration settings = new Configuration();
        settings.set(PipelineOptions.OBJECT_REUSE, true);
        settings.set(PipelineOptions.OPERATOR_CHAINING, true);
        settings.set(PipelineOptions.GENERIC_TYPES, false);
        settings.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, java.time.Duration.ofSeconds(1));
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(1, settings);
        KafkaSource<Tuple3<String, Long, Long>> source = KafkaSource.<Tuple3<String, Long, Long>>builder()
                .setBootstrapServers(args[0])
                .setTopics(args[1])
                .setGroupId(args[2])
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setBounded(OffsetsInitializer.offsets(java.util.Map.of(new TopicPartition(args[1], 0), records)))
                .setProperty("max.partition.fetch.bytes", "8388608")
                .setProperty("receive.buffer.bytes", "4194304")
                .setProperty("max.poll.records", "5000")
                .setDeserializer(new Decode(Long.parseLong(args[4])))
                .build();
        DataStream<Tuple3<String, Long, Long>> rows = env.fromSource(
                source,
                WatermarkStrategy.<Tuple3<String, Long, Long>>forMonotonousTimestamps()
                        .withTimestampAssigner((row, stamp) -> row.f2 / 1_000_000),
                "orders");
        KeyedStream<Tuple3<String, Long, Long>, String> keyed = args[5].equals("chained")
                ? DataStreamUtils.reinterpretAsKeyedStream(rows, row -> row.f0, Types.STRING)
                : rows.keyBy(row -> row.f0, Types.STRING);
        keyed.window(TumblingEventTimeWindows.of(java.time.Duration.ofMillis(Sum.WINDOW_MS)))
                .aggregate(new Add(), new Close(), Types.TUPLE(Types.LONG, Types.LONG),
                        Types.TUPLE(Types.LONG, Types.LONG),
                        Types.TUPLE(Types.STRING, Types.PRIMITIVE_ARRAY(Types.BYTE)))
                .sinkTo(KafkaSink.<Tuple2<String, byte[]>>builder()
                        .setBootstrapServers(args[0])
                        .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
                        .setRecordSerializer(new Encode(args[2]))
                        .build());
        env.execute();
    }

    private static final class Decode implements KafkaRecordDeserializationSchema<Tuple3<String, Long, Long>> {
        private final long every;
        private transient Order order;
        private transient Names names;
        private transient Marks marks;
        private transient Tuple3<String, Long, Long> row;

        Decode(long every) {
            this.every = every;
        }

        @Override
        public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Tuple3<String, Long, Long>> out) {
            if (order == null) {
                order = new Order();
                names = new Names();
                marks = new Marks(every);
                row = new Tuple3<>();
            }
            order.read(record.value());
            row.f0 = names.of(record.key());
            row.f1 = order.signed;
            row.f2 = order.eventNs;
            out.collect(row);
            marks.count();
        }

        @Override
        public TypeInformation<Tuple3<String, Long, Long>> getProducedType() {
            return ROW;
        }
    }

    private static final class Add
            implements AggregateFunction<Tuple3<String, Long, Long>, Tuple2<Long, Long>, Tuple2<Long, Long>> {
        @Override
        public Tuple2<Long, Long> createAccumulator() {
            return new Tuple2<>(0L, 0L);
        }

        @Override
        public Tuple2<Long, Long> add(Tuple3<String, Long, Long> row, Tuple2<Long, Long> total) {
            total.f0 += row.f1;
            total.f1++;
            return total;
        }

        @Override
        public Tuple2<Long, Long> getResult(Tuple2<Long, Long> total) {
            return total;
        }

        @Override
        public Tuple2<Long, Long> merge(Tuple2<Long, Long> one, Tuple2<Long, Long> other) {
            return new Tuple2<>(one.f0 + other.f0, one.f1 + other.f1);
        }
    }

    private static final class Close
            extends ProcessWindowFunction<Tuple2<Long, Long>, Tuple2<String, byte[]>, String, TimeWindow> {
        @Override
        public void process(String name, Context context, Iterable<Tuple2<Long, Long>> totals,
                Collector<Tuple2<String, byte[]>> out) {
            Tuple2<Long, Long> total = totals.iterator().next();
            out.collect(new Tuple2<>(name, Sum.closed(context.window().getStart(), total.f0, total.f1)));
        }
    }

    private static final class Encode implements KafkaRecordSerializationSchema<Tuple2<String, byte[]>> {
        private final String topic;

        Encode(String topic) {
            this.topic = topic;
        }

        @Override
        public ProducerRecord<byte[], byte[]> serialize(
                Tuple2<String, byte[]> row, KafkaSinkContext context, Long stamp) {
            return new ProducerRecord<>(topic, row.f0.getBytes(StandardCharsets.UTF_8), row.f1);
        }
    }
}
