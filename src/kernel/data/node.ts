import { Field, ID, InterfaceType } from 'type-graphql';

@InterfaceType({
  description: 'A row with an id that no other row has. `node` returns it by this id.',
  autoRegisterImplementations: false, // else the base class would be a type
})
export abstract class Node {
  @Field(() => ID, { description: 'UUID, sortable by the time of creation.' })
  id!: string;
}
