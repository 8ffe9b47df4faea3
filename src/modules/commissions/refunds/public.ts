/** What other subjects and areas may import. */
export { knownOrders, lockOrder, refuseKnown } from './order.ts';
export { refundsOf, settleWaiting } from './refund-sale.ts';
export { SaleRefund } from './sale-refund.entity.ts';
