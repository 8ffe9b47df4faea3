import { Arg, Authorized, Ctx, Query, Resolver, registerEnumType } from 'type-graphql';
import { ProspectState } from '../../../domain/prospect.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { checkProspect } from './check-prospect.ts';
import { CheckProspectInput } from './prospect.inputs.ts';

registerEnumType(ProspectState, {
  name: 'ProspectState',
  description: 'Whether a partner may still submit a prospect.',
  valuesConfig: {
    FREE: { description: 'No partner owns the prospect.' },
    YOURS: { description: 'The partner itself owns the prospect.' },
    TAKEN: { description: 'Another partner owns the prospect.' },
  },
});

@Resolver()
export class ProspectResolver {
  @Authorized('partner:edit')
  @Query(() => ProspectState, {
    description:
      'Returns whether a prospect is free. The first partner to submit its mailbox or domain, in a deal or a lead, owns the prospect. The answer names no other partner and no date.',
  })
  checkProspect(
    @Arg('input', () => CheckProspectInput, { description: 'Prospect to check.' }) input: CheckProspectInput,
    @Ctx() ctx: Context,
  ): Promise<ProspectState> {
    return checkProspect(ctx, input);
  }
}
