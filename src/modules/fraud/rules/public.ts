/** What other subjects and areas may import. */
export { type Assessment, assess, blockedAs, keepReview, type Watched } from './assess-sale.ts';
export { keepPayment, paymentOf } from './payment-fingerprint.ts';
