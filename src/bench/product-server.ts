import { createApp } from '../app.ts';
import { readConfig } from '../config/config.ts';
import { serveBench } from './server.ts';

// The product as in production: its environment decides, and it sets no option that a customer's would not.
const config = readConfig(process.env);
const app = await createApp(config, config.databaseUrl as string);
serveBench(await app.listen(), () => app.close());
