package dev.omnibus.transport.redisson.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.redisson.RedissonTransport;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.redisson.config.Config;
import org.redisson.misc.RedisURI;

class RedisUriTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            nullValues = "-",
            value = {
                "redis://host:6380 host 6380 - - 0",
                "redis://host host 6379 - - 0",
                "redis://host: host 6379 - - 0",
                "redis://host/ host 6379 - - 0",
                "host host 6379 - - 0",
                "localhost:6379 localhost 6379 - - 0",
                "REDISS://host:1/5 host 1 - - 5",
                "valkey://my_host.example-1.org:6379/15 my_host.example-1.org 6379 - - 15",
                "redis://[::1]:6380 [::1] 6380 - - 0",
                "redis://[2001:db8::7] [2001:db8::7] 6379 - - 0",
                "redis://u:p@[::1]:6380/2 [::1] 6380 u p 2",
                "redis://@host host 6379 - - 0",
                "redis://:@host host 6379 - - 0",
                "redis://secret@host host 6379 - secret 0",
                "redis://:abc+def=@host host 6379 - abc+def= 0",
                "redis://user:abc%2Bdef%3D@host host 6379 user abc+def= 0",
                "redis://us%40er:a:b@host host 6379 us@er a:b 0",
                "redis://u:%23%2F%3F%40%5B%5D%25%20%3a@host host 6379 u '#/?@[]% :' 0",
                "redis://u:!$&*();,~^{|}@host host 6379 u !$&*();,~^{|} 0",
                "redis://u:p%C3%A4ss@host host 6379 u päss 0",
                "redis://u:päss@host host 6379 u päss 0"
            })
    void anAddressIsTakenApart(String address, String host, int port, String user, String password, int database) {
        RedisUri uri = RedisUri.parse(address);
        assertEquals(host, uri.host());
        assertEquals(port, uri.port());
        assertEquals(user, uri.user());
        assertEquals(password, uri.password());
        assertEquals(database, uri.database());
        assertFalse(password != null && uri.toString().contains(password), uri::toString);
        RedisURI understood = new RedisURI(uri.forRedisson());
        assertEquals(user, understood.getUsername());
        assertEquals(password, understood.getPassword());
        assertEquals(host, understood.getHost());
        assertEquals(port, understood.getPort());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "redis://bus:PW#a@host:6379",
                "redis://:PW/@host:6379",
                "redis://:PW?@host:6379",
                "redis://bus:PW@[::1",
                "redis://:p@PW:w/rd@host",
                "redis://:p@PW@host",
                "redis://u:[PW@host",
                "redis://u:PW]@host",
                "redis://u:P W@host",
                "redis://u:P\nW@host",
                "redis://u:PW%zz@host",
                "redis://u:PW%@host",
                "redis://u:PW%4@host",
                "redis://u:PW%FF@host",
                "redis://u:PW@",
                "redis://u:PW@:6379",
                "redis://u:PW@host:PW",
                "redis://u:PW@host:0",
                "redis://u:PW@host:65536",
                "redis://u:PW@host:-1",
                "redis://u:PW@host:6379/x PW",
                "redis://u:PW@host:6379/-1",
                "redis://u:PW@host:6379/1/2",
                "redis://u:PW@host?timeout=PW",
                "redis://u:PW@host/?timeout=1",
                "redis://u:PW@host#PW",
                "redis://u:PW@::1:6379",
                "redis://u:PW@ho st",
                "redis://u:PW/more",
                "http://u:PW@host:6379",
                "u:PW@host@host",
                "redis+uds://PW/redis.sock",
                "PW://host",
                "redis:///",
                "redis://",
                ""
            })
    void whatIsNoAddressIsRefusedAndNotQuoted(String address) {
        assertQuotesNothing(assertThrows(IllegalArgumentException.class, () -> RedisUri.parse(address)));
        Config cluster = new Config();
        cluster.useClusterServers().addNodeAddress(address);
        if (!address.contains("+uds")) {
            assertQuotesNothing(assertThrows(IllegalArgumentException.class, () -> RedissonTransport.connect(cluster)));
        }
    }

    private static void assertQuotesNothing(IllegalArgumentException e) {
        StringWriter everything = new StringWriter();
        e.printStackTrace(new PrintWriter(everything));
        assertFalse(everything.toString().contains("PW"), everything::toString);
        assertTrue(String.valueOf(e.getMessage()).startsWith("The address of Redis "), e::getMessage);
        assertNull(e.getCause());
    }

    @Test
    void whereAPasswordMayHaveBrokenItTheWayOutIsSaid() {
        for (String broken : new String[] {"redis://:a#b@h", "redis://:a/b@h", "redis://:a@b@h", "redis://:a[b@h"}) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> RedisUri.parse(broken));
            assertTrue(String.valueOf(e.getMessage()).contains("percent-encode user and password"), e::getMessage);
        }
        assertThrows(IllegalArgumentException.class, () -> RedisUri.parse(null));
    }
}
