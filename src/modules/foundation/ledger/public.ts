/** What other subjects and areas may import. */
export { post, postAccruals } from './post.ts';
