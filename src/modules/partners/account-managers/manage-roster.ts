import { conflict, notFound } from '../../../domain/errors.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';

import { record } from '../../foundation/audit/public.ts';
import { settleManagers, takeTurns } from '../../programs/account-managers/public.ts';
import { about, lockPartner } from '../partner/public.ts';

import { AccountManager, ManagerAssignment } from './account-manager.entity.ts';
import type { AccountManagerInput } from './account-manager.inputs.ts';

const MAX_MANAGERS = 500;

/** Adds an account manager and assigns the partners that wait for one. Returns its id. */
export function addAccountManager(ctx: Context, { name, email }: AccountManagerInput): Promise<string> {
  const tenantId = ctx.actor.tenantId ?? '';
  return transact(ctx, async (em) => {
    await takeTurns(em, tenantId);
    const active = await em.find(AccountManager, { tenantId, endedAt: null });
    if (active.length >= MAX_MANAGERS)
      throw conflict(`This program already has ${MAX_MANAGERS} account managers. End one first.`);
    if (active.some((each) => each.email.toLowerCase() === email.toLowerCase()))
      throw conflict('An account manager with this e-mail address already exists.', {
        field: 'input.email',
        reason: 'EMAIL_TAKEN',
      });
    const manager = em.create(AccountManager, { tenantId, name, email, addedBy: ctx.actor.id });
    const subjects = await settleManagers(em, ctx, tenantId, null);
    record(em, ctx, 'accountManager.added', manager, { after: { name, email }, subjects });
    return manager.id;
  });
}

/** Ends the role of an account manager. Its partners go to the others, or wait if there is none. */
export function endAccountManager(ctx: Context, id: string, text: string): Promise<string> {
  const reason = reasonOf(text);
  return transact(ctx, async (em) => {
    const known = await em.findOne(AccountManager, idOf(id));
    if (!known) throw notFound('account manager');
    const { tenantId } = known;
    await takeTurns(em, tenantId);
    const manager = await em.refreshOrFail(known);
    if (manager.endedAt)
      throw conflict('This account manager has ended. Choose a current one.', { reason: 'ENDED' });
    const now = ctx.clock.now();
    manager.endedAt = now;
    manager.endedBy = ctx.actor.id;
    const open = await em.find(ManagerAssignment, { managerId: manager.id, endedAt: null });
    for (const each of open) Object.assign(each, { endedAt: now, endedBy: ctx.actor.id });
    const subjects = open.map(({ partnerId }) => partnerId);
    await settleManagers(em, ctx, tenantId, subjects);
    record(em, ctx, 'accountManager.ended', manager, {
      before: { endedAt: null },
      after: { endedAt: now },
      reason,
      subjects,
    });
    return manager.id;
  });
}

/** Assigns another account manager to a partner. Returns the partner's id. */
export function assignAccountManager(
  ctx: Context,
  partnerId: string,
  managerId: string,
  text: string,
): Promise<string> {
  const reason = reasonOf(text);
  return transact(ctx, async (em) => {
    const partner = await lockPartner(em, partnerId, 'partnerId');
    const { tenantId } = partner;
    await takeTurns(em, tenantId);
    const manager = await em.findOne(AccountManager, {
      id: idOf(managerId, 'managerId'),
      tenantId,
      endedAt: null,
    });
    if (!manager) throw notFound('account manager', { field: 'managerId' });
    const before = await em.findOne(ManagerAssignment, { partnerId: partner.id, endedAt: null });
    if (before?.managerId === manager.id)
      throw conflict('This account manager is already assigned to the partner.', {
        reason: 'ALREADY_ASSIGNED',
      });
    if (!before && !(await settleManagers(em, ctx, tenantId, [partner.id])).length)
      throw conflict(`The tier ${partner.tier} includes no dedicated account manager.`, {
        reason: 'NOT_ENTITLED',
      });
    const now = ctx.clock.now();
    const current = before ?? (await em.findOne(ManagerAssignment, { partnerId: partner.id, endedAt: null }));
    if (current) Object.assign(current, { endedAt: now, endedBy: ctx.actor.id });
    await em.flush(); // a partner has one account manager at a time
    em.create(ManagerAssignment, {
      ...{ tenantId, partnerId: partner.id, managerId: manager.id },
      ...{ assignedAt: now, assignedBy: ctx.actor.id, reason },
    });
    record(em, ctx, 'accountManager.assigned', about(partner), {
      before: { managerId: before?.managerId ?? null },
      after: { managerId: manager.id },
      reason,
    });
    return partner.id;
  });
}
