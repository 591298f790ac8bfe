/** The first argument of a program that is started as a thread. It tells without loading what threads are made with. */
export const THREAD_ARGUMENT = 'as-thread';
