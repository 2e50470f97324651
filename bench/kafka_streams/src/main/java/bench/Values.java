package bench;

/** What the records hold; public fields, which Jackson reads and writes fastest. */
final class Values {
  private Values() {}

  static final class Event {
    public String event_id, user_id, type, country, sku, payload;
    public double amount;
    public boolean important;
    public long ts;
  }

  static final class User {
    public String user_id, name, city;
    public int tier, since;
  }

  static final class Order {
    public String order_id, user_id, payload;
    public double amount;
    public long ts;
  }

  static final class Payment {
    public String payment_id, order_id, method, payload;
    public double paid;
    public long ts;
  }

  static final class Enriched {
    public final String event_id, user_id, type, sku, name, city;
    public final double amount;
    public final long ts;
    public final int tier;

    Enriched(Event event, User user) {
      event_id = event.event_id;
      user_id = event.user_id;
      type = event.type;
      sku = event.sku;
      amount = event.amount;
      ts = event.ts;
      name = user.name;
      city = user.city;
      tier = user.tier;
    }
  }

  static final class PaidOrder {
    public final String order_id, user_id, method;
    public final double amount, paid;

    PaidOrder(Order order, Payment payment) {
      order_id = order.order_id;
      user_id = order.user_id;
      amount = order.amount;
      paid = payment.paid;
      method = payment.method;
    }
  }

  static final class Count {
    public final String key;
    public final long count;

    Count(String key, long count) {
      this.key = key;
      this.count = count;
    }
  }

  static final class WindowCount {
    public final String key;
    public final long start, end, count;

    WindowCount(String key, long start, long end, long count) {
      this.key = key;
      this.start = start;
      this.end = end;
      this.count = count;
    }
  }
}
