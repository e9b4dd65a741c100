package shop;

import java.util.Set;

/** Who is logged in at a node. */
public interface Sessions {
    Set<String> users();
}
