package dev.omnibus.rpc.internal.client;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A cryptographic random number generator for ids that cannot be guessed, even from other ids: each has 16 digits,
 * which is nearly 53 bits. Larger numbers are read as doubles by JavaScript and others, which would reply with another
 * id. The numbers are the key stream of AES, made in blocks, because the generator of the system would cost as much as
 * the rest of a call. Thread-safe.
 */
public final class RandomIds {

    private static final long MIN_ID = 1_000_000_000_000_000L;
    private static final int BITS = 53; // of the integers that a double has exactly
    private static final int BLOCK_BYTES = 8_192;
    private static final byte[] ZEROS = new byte[BLOCK_BYTES];

    private static final class Block {

        private final LongBuffer numbers;
        private final AtomicInteger taken = new AtomicInteger();

        Block(byte[] random) {
            numbers = ByteBuffer.wrap(random).asLongBuffer();
        }
    }

    private final Cipher cipher; // guarded by this
    private volatile Block block;

    public RandomIds() {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        try {
            cipher = Cipher.getInstance("AES/CTR/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(new byte[16]));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java has AES", e);
        }
        block = new Block(cipher.update(ZEROS));
    }

    /** A number of 16 digits. */
    public long next() {
        while (true) {
            Block from = block;
            int index = from.taken.getAndIncrement();
            if (index >= from.numbers.limit()) {
                refill(from);
                continue;
            }
            long number = from.numbers.get(index) >>> (Long.SIZE - BITS);
            if (number >= MIN_ID) { // as eight of nine are
                return number;
            }
        }
    }

    private synchronized void refill(Block used) {
        if (block == used) {
            block = new Block(cipher.update(ZEROS));
        }
    }
}
