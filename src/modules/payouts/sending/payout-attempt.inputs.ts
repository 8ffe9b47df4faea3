import { Field, InputType, registerEnumType } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';

export const HandOutcome = { PAID: 'PAID', NOT_SENT: 'NOT_SENT' } as const;
export type HandOutcome = (typeof HandOutcome)[keyof typeof HandOutcome];

registerEnumType(HandOutcome, {
  name: 'PayoutOutcome',
  description: 'What became of a payout that the rail does not tell of.',
  valuesConfig: {
    PAID: { description: 'The money reached the partner.' },
    NOT_SENT: { description: 'No money moved, and none will.' },
  },
});

@InputType({ description: 'What became of a payout, and what says so.' })
export class ResolvePayoutInput {
  @Field(() => HandOutcome, { description: 'What became of it.' })
  outcome!: HandOutcome;

  @Field(() => String, { nullable: true, description: "The rail's own reference: needed where it was paid." })
  @Name(255)
  reference?: string | null;

  @Field(() => String, { description: 'What you saw, and where: 1 to 1000 characters.' })
  @Name(1_000)
  evidence!: string;
}
