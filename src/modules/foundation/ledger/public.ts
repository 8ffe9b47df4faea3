/** The exports for other subjects and areas. */
export { post, postAccruals } from './post.ts';
