// Package transforms holds the DoFns between the sources and the sinks: Decode, KeyByStoreProduct,
// InventoryStatefulFn and SmartVelocityFn. The rules are in transforms/stock and
// transforms/velocity, and how state is kept in transforms/keyed.
package transforms
