// limits.ts
import type { Request, RequestHandler } from 'express';
import { rateLimit, type Store } from 'express-rate-limit';
import { getAuth } from 'latchkey';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';

const PLANS = {
  free: { perMinute: 60, perMonth: 10_000 },
  pro: { perMinute: 600, perMonth: 1_000_000 },
} as const;

/** The plan is in the metadata of the key. Keys without one have the smallest. */
const planOf = (req: Request) => (getAuth(req).claims.plan === 'pro' ? PLANS.pro : PLANS.free);

const refusal = (message: string) => ({ error: 'rate_limited', message });

/** Limits the requests of each key in a minute. */
export const perMinute = (store?: Store): RequestHandler =>
  rateLimit({
    windowMs: 60_000,
    limit: (req) => planOf(req).perMinute,
    keyGenerator: (req) => getAuth(req).credentialId ?? getAuth(req).subject,
    identifier: 'minute',
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    message: refusal('Too many requests in this minute'),
    ...(store && { store }),
  });

/** Limits the requests of each account in a calendar month (UTC), over all of its keys. */
export const perMonth =
  (limiter: RateLimiterAbstract): RequestHandler =>
  async (req, res, next) => {
    const now = new Date();
    const end = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
    const seconds = Math.ceil((end - now.getTime()) / 1_000);
    const key = `${now.toISOString().slice(0, 7)} ${getAuth(req).subject}`;
    const { consumedPoints } = await limiter.consume(key);
    const quota = planOf(req).perMonth;
    const left = Math.max(0, quota - consumedPoints);
    res.append('RateLimit-Policy', `"month"; q=${quota}; w=${31 * 86_400}`);
    res.append('RateLimit', `"month"; r=${left}; t=${seconds}`);
    if (consumedPoints <= quota) {
      return next();
    }
    res.set('Retry-After', String(seconds));
    res.status(429).json(refusal('The quota of this month is used up'));
  };
