package dev.omnibus.bench.peer;

import dev.omnibus.bench.server.Addresses;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** gRPC, unary, from one process to another without a broker: what one would use for calls to one known server. */
public final class GrpcPeer implements Peer {

    private static final MethodDescriptor<Order, Receipt> PLACE = MethodDescriptor.<Order, Receipt>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("Desk/Place")
            .setRequestMarshaller(new JsonMarshaller<>(Json::write, Json::readOrder))
            .setResponseMarshaller(new JsonMarshaller<>(Json::write, Json::readReceipt))
            .build();

    private record JsonMarshaller<T>(Function<T, byte[]> writer, Function<byte[], T> reader)
            implements MethodDescriptor.Marshaller<T> {

        @Override
        public InputStream stream(T value) {
            return new ByteArrayInputStream(writer.apply(value));
        }

        @Override
        public T parse(InputStream stream) {
            try {
                return reader.apply(stream.readAllBytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private final boolean direct;

    /** With its executors as they are by default, or with none: then handlers run on the receiving thread. */
    public GrpcPeer(boolean direct) {
        this.direct = direct;
    }

    @Override
    public String name() {
        return direct ? "grpc-direct" : "grpc";
    }

    @Override
    public Set<Ability> abilities() {
        return Set.of(Ability.CALL);
    }

    @Override
    public Caller caller(Addresses addresses, int nodes) throws Exception {
        if (nodes != 1) {
            throw new UnsupportedOperationException("gRPC calls one server");
        }
        NettyServerBuilder serving = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(ServerServiceDefinition.builder("Desk")
                        .addMethod(PLACE, ServerCalls.asyncUnaryCall(GrpcPeer::place))
                        .build());
        Server server = (direct ? serving.directExecutor() : serving).build().start();
        NettyChannelBuilder calling = NettyChannelBuilder.forAddress(
                        "127.0.0.1", addresses.link().port(server.getPort()))
                .usePlaintext();
        return new Calling(server, (direct ? calling.directExecutor() : calling).build());
    }

    private static void place(Order order, StreamObserver<Receipt> answer) {
        answer.onNext(order.receipt());
        answer.onCompleted();
    }

    private record Calling(Server server, ManagedChannel channel) implements Caller {

        @Override
        public Receipt call(Order order) {
            return ClientCalls.blockingUnaryCall(channel, PLACE, CallOptions.DEFAULT, order);
        }

        @Override
        public CompletionStage<Receipt> callAsync(Order order) {
            Answer answer = new Answer();
            ClientCalls.asyncUnaryCall(channel.newCall(PLACE, CallOptions.DEFAULT), order, answer);
            return answer;
        }

        @Override
        public void close() {
            channel.shutdownNow();
            server.shutdownNow();
            try {
                server.awaitTermination(5, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static final class Answer extends CompletableFuture<Receipt> implements StreamObserver<Receipt> {

        @Override
        public void onNext(Receipt receipt) {
            complete(receipt);
        }

        @Override
        public void onError(Throwable failure) {
            completeExceptionally(failure);
        }

        @Override
        public void onCompleted() {}
    }
}
