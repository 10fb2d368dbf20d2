/**
 * jco's table of the handles that one component has on one type of resource, as jco makes it: pairs of numbers, the
 * first pair being the head of the list of free pairs.
 *
 * - an own handle: how often it is lent at the moment, then the resource's representation with bit 30 set
 * - a borrow handle: the depth of the call that it was lent to, then the representation
 * - free: the index of the next free pair with bit 30 set, then anything
 */
export interface HandleTable extends Array<number> {
  /** Index of the component that has these handles. */
  _componentIdx?: number;
  /** It has changed since `Handles.touched` was asked last. */
  touched?: boolean;
  /** True when that component also defines the resource: it gets representations instead of borrow handles. */
  defines?: boolean;
}
