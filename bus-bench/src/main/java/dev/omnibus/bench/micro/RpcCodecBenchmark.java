package dev.omnibus.bench.micro;

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
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
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
    private final RpcCodec.Answer answer = new RpcCodec.Answer(0, WireBytes.utf8("{\"id\":17,\"total\":174}"));
    private final Message request = message(writeRequest());
    private final Message response = message(writeResponse());
    private final RpcEnvelopeCache known = new RpcEnvelopeCache(new MemoryBudget(1 << 20));

    /** Callers and nodes whose messages come in turn. */
    @State(Scope.Thread)
    public static class Senders {

        private final RpcCodec codec = new RpcCodec(new ObjectMapper(), "node", "bus:inbox:node");
        private final RpcEnvelopeCache known = codec.envelopeCache();
        private Message[] requests = {};
        private Message[] responses = {};
        private int next;

        /** How many; set by JMH. */
        @Param({"1", "8", "64", "65", "200", "1000"})
        public int senders;

        /** Made by JMH. */
        public Senders() {}

        /** Writes a request and a response of each. */
        @Setup
        public void write() {
            RpcCodecBenchmark call = new RpcCodecBenchmark();
            requests = new Message[senders];
            responses = new Message[senders];
            for (int i = 0; i < senders; i++) {
                String node = "client-" + Integer.toHexString(i * 0x9E3779B1);
                RpcCodec sender = new RpcCodec(new ObjectMapper(), node, "bus:inbox:" + node);
                byte[] part = sender.methodPart("desk.place");
                requests[i] = message(sender.request(ID, part, call.params, TTL, "", new byte[0]));
                responses[i] = message(sender.response("1234567", call.answer));
            }
        }

        int next() {
            next = next + 1 < senders ? next + 1 : 0;
            return next;
        }
    }

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
     * Reads requests of callers in turn.
     *
     * @param senders the callers
     * @return the request
     * @throws IOException never
     */
    @Benchmark
    public Object readRequestsInTurn(Senders senders) throws IOException {
        return senders.codec.readRequest(senders.requests[senders.next()], senders.known);
    }

    /**
     * Reads responses of nodes in turn.
     *
     * @param senders the nodes
     * @return the response
     * @throws IOException never
     */
    @Benchmark
    public Object readResponsesInTurn(Senders senders) throws IOException {
        return senders.codec.readResponse(senders.responses[senders.next()], senders.known);
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
