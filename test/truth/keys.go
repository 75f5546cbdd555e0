package truth

import (
	"net/url"
	"strings"
)

// The names of a product's keys in Redis: what stands before and behind its store and product.
const (
	stockPrefix, stockSuffix       = "stock:", ""
	metaPrefix, metaSuffix         = "{stock:", "}:meta"
	velocityPrefix, velocitySuffix = "velocity:", ":1hr"
)

// StockName is the name of the key's on-hand.
func (k Key) StockName() string { return stockPrefix + k.pair() + stockSuffix }

// MetaName is the name of the hash beside StockName.
func (k Key) MetaName() string { return metaPrefix + k.pair() + metaSuffix }

// VelocityName is the name of the key's velocity.
func (k Key) VelocityName() string { return velocityPrefix + k.pair() + velocitySuffix }

// ParseName is the key of which a name is StockName, MetaName or VelocityName; ok is false where there is none.
func ParseName(name string) (k Key, ok bool) {
	for _, form := range [...][2]string{{stockPrefix, stockSuffix}, {metaPrefix, metaSuffix}, {velocityPrefix, velocitySuffix}} {
		pair, begins := strings.CutPrefix(name, form[0])
		pair, ends := strings.CutSuffix(pair, form[1])
		if !begins || !ends {
			continue
		}
		store, product, _ := strings.Cut(pair, ":")
		if k = (Key{decode(store), decode(product)}); store == "global" {
			k.Store = ""
		}
		return k, k.pair() == pair
	}
	return Key{}, false
}

// pair is store and product as they stand in names.
func (k Key) pair() string {
	if k.Store == "" {
		return "global:" + encode(k.Product)
	}
	return encode(k.Store) + ":" + encode(k.Product)
}

// encode is an id as it stands in a name, percent-encoded as RFC 3986 says.
func encode(id string) string { return strings.ReplaceAll(url.QueryEscape(id), "+", "%20") }

// decode is the id that stands in a name, or the part itself where that cannot be read.
func decode(part string) string {
	id, err := url.PathUnescape(part)
	if err != nil {
		return part
	}
	return id
}
