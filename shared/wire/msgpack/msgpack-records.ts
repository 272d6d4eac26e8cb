/**
 * Records as msgpackr writes them: an extension of msgpack by which a kind of object names its keys once in a message. Where
 * it is named: these two bytes, the byte that stands for it, a list of its keys, the values of the first object. After
 * that its byte and the values are an object of it, until the message ends or its byte is given to another kind.
 */
export const RECORD_BYTE = 0xd4;
export const RECORD_TYPE = 0x72;
/** First of the bytes that stand for records. As numbers they are written with a type byte. */
export const RECORD_FIRST = 0x40;
export const RECORDS_MAX = 0x40;
