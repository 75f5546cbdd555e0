// Package transforms is the keyed middle of the pipeline: grouping, InventoryStatefulFn, SmartVelocityFn, and the state scheme
// that both share. The decisions are made in transforms/stock and transforms/velocity; here is only what Beam needs around them.
package transforms
