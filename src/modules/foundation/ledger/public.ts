/** The exports for other subjects and areas. */
export { post, postAccrual, postAccruals } from './post.ts';
