package dev.omnibus.rpc;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A cryptographic random number generator for ids that nobody can guess, whichever of them he has seen: each has 18
 * digits, which is nearly 60 bits. They are the key stream of AES, made in blocks, because the system's own generator
 * would cost as much as the rest of a call. Thread-safe.
 */
final class RandomIds {

    private static final long SMALLEST = 100_000_000_000_000_000L;
    private static final long END = 10 * SMALLEST;
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

    RandomIds() {
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

    /** A number of 18 digits. */
    long next() {
        while (true) {
            Block from = block;
            int index = from.taken.getAndIncrement();
            if (index >= from.numbers.limit()) {
                refill(from);
                continue;
            }
            long number = from.numbers.get(index) >>> 4;
            if (number >= SMALLEST && number < END) { // as four of five are
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
