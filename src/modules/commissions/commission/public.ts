/** What other subjects and areas may import. */

export { addLine } from './add-line.ts';
export { requireOtherReleaser } from './approve-lines.ts';
export { Commission, commissionTable } from './commission.entity.ts';
export { CreateCommissionInput } from './commission.inputs.ts';
export { commissionsNamed } from './commission.loader.ts';
export { CommissionHold, commissionHoldTable } from './commission-hold.entity.ts';
export { lockCommission, reject, statusOf } from './decide-commission.ts';
export { endHold, lockHold, placeHold } from './hold-commission.ts';
export { endHolds, openHolds } from './open-holds.ts';
export { takeBack } from './reverse-commission.ts';
export { digitsOf, isRated, soldFor } from './sold.ts';
export { bandsShrink, changeCapUsed, lockInForce, trueUp } from './true-ups.ts';
