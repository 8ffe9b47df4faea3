import { Authorized, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { signOut } from './sessions.ts';

@Resolver()
export class SessionResolver {
  @Authorized()
  @Mutation(() => Boolean, {
    description:
      'Ends the token of this request: at once where money moves, within ten seconds elsewhere. Not for API keys.',
  })
  signOut(@Ctx() ctx: Context): Promise<boolean> {
    return signOut(ctx);
  }
}
