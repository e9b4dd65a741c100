package dev.omnibus.spring.test.shop;

import dev.omnibus.spring.ImportRpcClients;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
@ImportRpcClients(Shop.Stock.class)
class ShopApplication {}
