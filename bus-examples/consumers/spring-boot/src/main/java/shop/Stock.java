package shop;

/** What a node has in its warehouse. */
public interface Stock {
    int left(String sku);
}
