package retail

// Config sizes a World.
type Config struct {
	// Seed chooses the world; all that happens follows from it and the other fields.
	Seed uint64
	// Shops is the number of shops beside the web shop. Default 20.
	Shops int
	// Products is the number of products that every shop and the web shop sell. Default 500.
	Products int
	// EventsPerSecond is the mean number of customer messages (till and web shop) per second of the world's own clock,
	// over a whole day: nights are calmer, evenings busier. Where that clock runs at speed s, the wall sees s times as many.
	// Warehouse messages, the trending product, repeated deliveries and broken messages come on top. Default 1.
	EventsPerSecond float64
	// OnlineStore is the store id of the web shop, the pipeline's --online_store. Default "online".
	OnlineStore string
}

func (c Config) withDefaults() Config {
	if c.Shops <= 0 {
		c.Shops = 20
	}
	if c.Products <= 0 {
		c.Products = 500
	}
	if !(c.EventsPerSecond > 0) {
		c.EventsPerSecond = 1
	}
	if c.OnlineStore == "" {
		c.OnlineStore = "online"
	}
	return c
}

// tillShare is the part of the customer messages that comes from tills; the rest is the clickstream.
const tillShare = 0.4
