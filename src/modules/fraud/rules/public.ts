/** What other subjects and areas may import. */
export { type AssessedSale, type Assessment, assess, blockedAs, keepReview } from './assess-sale.ts';
export { keepPayment, paymentOf } from './payment-fingerprint.ts';
