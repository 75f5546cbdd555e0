package truth

import (
	"net/url"
	"strings"
)

// The names of a product's keys in Redis: what precedes and follows its store and product.
const (
	stockPrefix, stockSuffix       = "stock:", ""
	metaPrefix, metaSuffix         = "{stock:", "}:meta"
	velocityPrefix, velocitySuffix = "velocity:", ":1hr"
)

// StockName returns the name of the key of the on-hand.
func (k Key) StockName() string { return stockPrefix + k.pair() + stockSuffix }

// MetaName returns the name of the hash beside StockName.
func (k Key) MetaName() string { return metaPrefix + k.pair() + metaSuffix }

// VelocityName returns the name of the key of the velocity.
func (k Key) VelocityName() string { return velocityPrefix + k.pair() + velocitySuffix }

// ParseName returns the key with this StockName, MetaName or VelocityName. It returns false if
// there is none.
func ParseName(name string) (k Key, ok bool) {
	for _, form := range [...][2]string{
		{stockPrefix, stockSuffix}, {metaPrefix, metaSuffix}, {velocityPrefix, velocitySuffix},
	} {
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

// pair returns store and product as they are in names.
func (k Key) pair() string {
	if k.Store == "" {
		return "global:" + encode(k.Product)
	}
	return encode(k.Store) + ":" + encode(k.Product)
}

// encode returns an id as it is in a name, percent-encoded as in RFC 3986.
func encode(id string) string { return strings.ReplaceAll(url.QueryEscape(id), "+", "%20") }

// decode returns the id of a part of a name, or the part itself if it cannot be decoded.
func decode(part string) string {
	id, err := url.PathUnescape(part)
	if err != nil {
		return part
	}
	return id
}
