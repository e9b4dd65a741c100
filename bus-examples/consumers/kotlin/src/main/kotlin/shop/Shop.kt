package shop

import com.fasterxml.jackson.databind.json.JsonMapper
import com.fasterxml.jackson.module.kotlin.kotlinModule
import dev.omnibus.bus.Bus
import dev.omnibus.rpc.RpcClient
import dev.omnibus.rpc.RpcServer
import dev.omnibus.testing.RedisServer
import java.util.concurrent.CompletableFuture

data class Order(val id: String, val pieces: Int = 1)

interface Stock {
    fun reserve(order: Order): Order
}

class Shelves : Stock {
    override fun reserve(order: Order) = order.copy(pieces = order.pieces + 1)
}

fun main() {
    val json = JsonMapper.builder().findAndAddModules().addModule(kotlinModule()).build()
    RedisServer.obtain().use { redis ->
        Bus.builder(redis.url()).json(json).build().use { bus ->
            val seen = CompletableFuture<Order>()
            bus.subscribe("orders.*", Order::class.java) { seen.complete(it.data()) }.ready().join()
            bus.publish("orders.placed", mapOf("id" to "o-17"))
            println("seen ${seen.join()}")

            RpcServer.on(bus).serve(Stock::class.java, Shelves()).ready().join()
            val stock = RpcClient.on(bus).proxy(Stock::class.java)
            println("reserved ${stock.reserve(Order("o-18", 2))}")
        }
    }
}
