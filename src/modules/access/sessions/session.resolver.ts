import { Authorized, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { signOut } from './sessions.ts';

@Resolver()
export class SessionResolver {
  @Authorized()
  @Mutation(() => Boolean, {
    description:
      'Signs out the token of this request: at once for operations that move money, within ten seconds for all others. Not for API keys.',
  })
  signOut(@Ctx() ctx: Context): Promise<boolean> {
    return signOut(ctx);
  }
}
