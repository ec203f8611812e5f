import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** Says on standard output how far the process is: count, monotonic clock (ns), its CPU time (ns). */
public final class Marks {
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final long every;
    private long next;
    public volatile long seen; // as of the last mark
    private long count;

    public Marks(long every) {
        this.every = every;
    }

    /** One more record is done. */
    public void count() {
        if (count == next) say();
        count++;
        if (count % every == 0) say();
    }

    private void say() {
        System.out.println("mark " + count + " " + System.nanoTime() + " " + SYSTEM.getProcessCpuTime());
        next = -1;
        seen = count;
    }
}
