/** A halt (or a resume) a person ordered, and why. Only a resume lifts a halt. */
export type ManualHalt = { readonly reason: string; readonly atMs: number };
