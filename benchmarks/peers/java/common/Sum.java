import java.nio.ByteBuffer;

/** Signed volume and count of one instrument and window. */
public final class Sum {
    public static final long WINDOW_MS = 1_000;

    public long signed;
    public long count;

    public Sum add(long lots) {
        signed += lots;
        count++;
        return this;
    }

    /** What goes out for a closed window: its start (ns), signed volume, count; 24 bytes, big-endian. */
    public static byte[] closed(long startMs, long signed, long count) {
        return ByteBuffer.allocate(24).putLong(startMs * 1_000_000).putLong(signed).putLong(count).array();
    }
}
