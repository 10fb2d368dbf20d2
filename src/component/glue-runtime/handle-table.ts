/**
 * jco's table of the handles that one component has on one type of resource, in jco's layout: pairs of numbers, of which the
 * first is the head of the list of free pairs.
 *
 * - an own handle: how often it is currently lent, then the resource's representation with bit 30 set
 * - a borrow handle: the depth of the call that it was lent to, then the representation
 * - free: the index of the next free pair with bit 30 set, then anything
 */
export interface HandleTable extends Array<number> {
  /** Index of the component that has these handles. */
  _componentIdx?: number;
  /** Its number among the tables of its instance. */
  number?: number;
  /** It has changed since the last call of `Handles.touched`. */
  touched?: boolean;
  /** True if that component also defines the resource: it gets representations instead of borrow handles. */
  defines?: boolean;
}
