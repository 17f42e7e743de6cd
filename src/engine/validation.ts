import * as z from 'zod';

/*
 * Imported first of all, for its effect: zod otherwise writes a function for every schema at its first use and compiles
 * that. The engine reads a few bodies a second at most and starts often: what is compiled at a start costs it more.
 */
z.config({ jitless: true });
