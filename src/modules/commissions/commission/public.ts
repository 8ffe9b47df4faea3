/** What other subjects and areas may import. */

export { requireOtherReleaser } from './approve-lines.ts';
export { Commission, commissionTable, type UnratedSale } from './commission.entity.ts';
export { CreateCommissionInput } from './commission.inputs.ts';
export { commissionsNamed } from './commission.loader.ts';
export { CommissionHold, commissionHoldTable } from './commission-hold.entity.ts';
export { lockCommission, reject, statusOf } from './decide-commission.ts';
export { endHold, lockHold, placeHold } from './hold-commission.ts';
export { lockInForce } from './in-force.ts';
export { insertCommissions, type NewLine } from './insert-commissions.ts';
export { endHolds, openHolds } from './open-holds.ts';
export { longest, type Reckoning, reckon, spanOf, UNRECORDED } from './reckon.ts';
export { itemOfLine, refundItem, takeBack } from './reverse-commission.ts';
export { assessedSale, review } from './review-sale.ts';
export { asPurchase, insertItems, itemsWhere, productsOf, type StoredItem } from './sale-item.ts';
export { type Cause, correct, settle, store } from './settle.ts';
export { digitsOf, isRated, soldFor } from './sold.ts';
