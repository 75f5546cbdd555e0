package retail

// Config configures a World.
type Config struct {
	// Seed chooses the world. Everything that happens follows from it and the other fields.
	Seed uint64
	// Shops is the number of shops beside the web shop. Default 20.
	Shops int
	// Products is the number of products that every shop and the web shop sell. Default 500.
	Products int
	// EventsPerSecond is the mean number of customer messages (tills and web shop) per second
	// of the world's clock, over a whole day: fewer at night, more in the evening. If that
	// clock runs at speed s, there are s times as many in a second of wall time. Messages of
	// the warehouse and of the trending product, repeated deliveries and broken messages are
	// added to that. Default 1.
	EventsPerSecond float64
	// OnlineStore is the store id of the web shop; --online_store of the pipeline. Default
	// "online".
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

// tillShare is the share of customer messages from tills. The rest is the clickstream.
const tillShare = 0.4
