/** The four fields of a canonical OrderEvent that the sums need; the others are stepped over. */
public final class Order {
    private static final int EXECUTE = 4;
    private static final int BID = 1;
    private static final int PREFIX = 5;

    public long eventNs;
    /** Lots bought less lots sold by takers: an execution of a resting bid is a sale. */
    public long signed;

    private byte[] bytes;
    private int at;

    /** Read a value in the Confluent wire format. */
    public Order read(byte[] value) {
        bytes = value;
        at = PREFIX;
        text(); // venue
        text(); // symbol
        int action = (int) number();
        int side = (int) number();
        optional(); // price
        long lots = optional();
        number(); // order_id
        optional(); // sequence
        optional(); // previous_sequence
        at++; // last_in_event
        number(); // flags
        number(); // trading_status
        eventNs = number();
        signed = action != EXECUTE ? 0 : side == BID ? -lots : lots;
        return this;
    }

    private void text() {
        int length = (int) number();
        at += length;
    }

    private long optional() {
        return number() == 0 ? 0 : number();
    }

    private long number() {
        long raw = bytes[at++];
        if (raw < 0) {
            raw &= 0x7f;
            for (int shift = 7; ; shift += 7) {
                long next = bytes[at++];
                raw |= (next & 0x7f) << shift;
                if (next >= 0) break;
            }
        }
        return (raw >>> 1) ^ -(raw & 1);
    }
}
