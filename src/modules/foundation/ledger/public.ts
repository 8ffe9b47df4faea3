/** What other subjects and areas may import. */
export { post, postAccrual, postAccruals } from './post.ts';
