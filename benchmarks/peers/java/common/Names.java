import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Key bytes to one String each, so that a record costs neither an allocation nor a new hash. */
public final class Names {
    private byte[][] keys = new byte[1 << 10][];
    private String[] names = new String[1 << 10];
    private int size;

    public String of(byte[] key) {
        int slot = slot(key);
        if (keys[slot] == null) {
            if (2 * ++size > keys.length) {
                grow();
                slot = slot(key);
            }
            keys[slot] = key.clone();
            names[slot] = new String(key, StandardCharsets.UTF_8).intern();
        }
        return names[slot];
    }

    private int slot(byte[] key) {
        int mask = keys.length - 1;
        int hash = Arrays.hashCode(key);
        int slot = (hash ^ (hash >>> 15)) & mask;
        while (keys[slot] != null && !Arrays.equals(keys[slot], key)) slot = (slot + 1) & mask;
        return slot;
    }

    private void grow() {
        byte[][] oldKeys = keys;
        String[] oldNames = names;
        keys = new byte[2 * oldKeys.length][];
        names = new String[2 * oldKeys.length];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] == null) continue;
            int slot = slot(oldKeys[i]);
            keys[slot] = oldKeys[i];
            names[slot] = oldNames[i];
        }
    }
}
