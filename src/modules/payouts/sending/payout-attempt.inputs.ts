import { Field, InputType, registerEnumType } from 'type-graphql';
import { ExternalId, Name } from '../../../kernel/request/kinds.ts';

export const HandOutcome = { PAID: 'PAID', NOT_SENT: 'NOT_SENT' } as const;
export type HandOutcome = (typeof HandOutcome)[keyof typeof HandOutcome];

registerEnumType(HandOutcome, {
  name: 'PayoutOutcome',
  description: 'Outcome of a payout, as stated by a person because the rail has no answer.',
  valuesConfig: {
    PAID: { description: 'The partner received the money.' },
    NOT_SENT: { description: 'No money was moved, and none will be.' },
  },
});

@InputType({ description: 'Outcome of a payout, with evidence.' })
export class ResolvePayoutInput {
  @Field(() => HandOutcome, { description: 'Outcome of the payout.' })
  outcome!: HandOutcome;

  @Field(() => String, {
    nullable: true,
    description: "The rail's reference, 1 to 255 characters. Required when the outcome is PAID.",
  })
  @ExternalId(255)
  reference?: string | null;

  @Field(() => String, { description: 'Evidence: your observation and its source, 1 to 1000 characters.' })
  @Name(1_000)
  evidence!: string;
}
