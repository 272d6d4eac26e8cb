import { testKept } from "#test/simulation/kept-seeds.ts";

testKept("transfers");
