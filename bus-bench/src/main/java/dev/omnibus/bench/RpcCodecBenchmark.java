package dev.omnibus.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.omnibus.internal.channel.MemoryBudget;
import dev.omnibus.internal.channel.Message;
import dev.omnibus.rpc.internal.wire.RpcCodec;
import dev.omnibus.rpc.internal.wire.RpcEnvelopeCache;
import dev.omnibus.rpc.internal.wire.WireBytes;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** A call as JSON, without its arguments and its result: of a peer that is known, and of any. */
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RpcCodecBenchmark {

    private static final long ID = 1_234_567;
    private static final long TTL = 29_999;

    private final RpcCodec codec = new RpcCodec(new ObjectMapper(), "client-x7f3k2", "bus:inbox:client-x7f3k2");
    private final byte[] part = codec.methodPart("desk.place");
    private final byte[] params = WireBytes.utf8("[{\"id\":17,\"item\":\"sku-17\",\"count\":3}]");
    private final RpcCodec.Answer answer = new RpcCodec.Answer(true, WireBytes.utf8("{\"id\":17,\"total\":174}"));
    private final Message request = message(writeRequest());
    private final Message response = message(writeResponse());
    private final RpcEnvelopeCache known = new RpcEnvelopeCache(new MemoryBudget(1 << 20));

    /** Made by JMH. */
    public RpcCodecBenchmark() {}

    private static Message message(byte[] bytes) {
        return new Message(bytes, 0, bytes.length);
    }

    /**
     * Writes a request.
     *
     * @return the JSON
     */
    @Benchmark
    public final byte[] writeRequest() {
        return codec.request(ID, part, params, TTL, "", new byte[0]);
    }

    /**
     * Writes a response.
     *
     * @return the JSON
     */
    @Benchmark
    public final byte[] writeResponse() {
        return codec.response("1234567", answer);
    }

    /**
     * Reads a request of a caller that is known.
     *
     * @return the request
     * @throws IOException never
     */
    @Benchmark
    public Object readKnownRequest() throws IOException {
        return codec.readRequest(request, known);
    }

    /**
     * Reads a request.
     *
     * @return the request
     * @throws IOException never
     */
    @Benchmark
    public Object readAnyRequest() throws IOException {
        return codec.readRequest(request);
    }

    /**
     * Reads a response of a node that is known.
     *
     * @return the response
     * @throws IOException never
     */
    @Benchmark
    public Object readKnownResponse() throws IOException {
        return codec.readResponse(response, known);
    }

    /**
     * Reads a response.
     *
     * @return the response
     * @throws IOException never
     */
    @Benchmark
    public Object readAnyResponse() throws IOException {
        return codec.readResponse(response);
    }
}
