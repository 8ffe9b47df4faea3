import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config/config.ts';
import { serveBench } from './server.ts';

// The product as in production, configured by its environment only, with no option that a customer would not set.
const config = readConfig(process.env);
const app = await createApp(config, config.databaseUrl as string);
serveBench(await app.listen(), () => app.close());
