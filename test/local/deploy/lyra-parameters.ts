import { parseUnits } from "viem";

const HOUR = 3_600n;
const DAY = 24n * HOUR;
const WEEK = 7n * DAY;
const NO_ADDRESS = "0x0000000000000000000000000000000000000000";

/** 18 decimals. */
function wad(decimal: string): bigint {
  return parseUnits(decimal, 18);
}

/** Lyra V1's own default parameters, by setter: the figures of its package's test system. */
export const LYRA_PARAMETERS = {
  LiquidityPool: {
    setLiquidityPoolParameters: {
      minDepositWithdraw: wad("1"),
      depositDelay: WEEK,
      withdrawalDelay: WEEK,
      withdrawalFee: wad("0.01"),
      liquidityCBThreshold: wad("0.01"),
      liquidityCBTimeout: 3n * DAY,
      ivVarianceCBThreshold: wad("0.1"),
      skewVarianceCBThreshold: wad("0.35"),
      ivVarianceCBTimeout: 12n * HOUR,
      skewVarianceCBTimeout: 12n * HOUR,
      guardianMultisig: NO_ADDRESS,
      guardianDelay: 2n * WEEK,
      boardSettlementCBTimeout: 6n * HOUR,
      maxFeePaid: wad("0.01"),
    },
  },
  OptionGreekCache: {
    setGreekCacheParameters: {
      maxStrikesPerBoard: 30n,
      acceptableSpotPricePercentMove: wad("0.05"),
      staleUpdateDuration: 3n * HOUR,
      varianceIvGWAVPeriod: DAY,
      varianceSkewGWAVPeriod: 3n * DAY,
      optionValueIvGWAVPeriod: DAY,
      optionValueSkewGWAVPeriod: 3n * DAY,
      gwavSkewFloor: wad("0.5"),
      gwavSkewCap: wad("2"),
      rateAndCarry: wad("0.05"),
    },
    setMinCollateralParameters: {
      minStaticQuoteCollateral: wad("200"),
      minStaticBaseCollateral: wad("0.2"),
      shockVolA: wad("2.5"),
      shockVolPointA: 2n * WEEK,
      shockVolB: wad("1.8"),
      shockVolPointB: 8n * WEEK,
      callSpotPriceShock: wad("1.2"),
      putSpotPriceShock: wad("0.8"),
    },
    setForceCloseParameters: {
      ivGWAVPeriod: 12n * HOUR,
      skewGWAVPeriod: DAY,
      shortVolShock: wad("1.2"),
      shortPostCutoffVolShock: wad("1.4"),
      longVolShock: wad("0.8"),
      longPostCutoffVolShock: wad("0.5"),
      liquidateVolShock: wad("1.3"),
      liquidatePostCutoffVolShock: wad("1.6"),
      shortSpotMin: wad("0.01"),
      liquidateSpotMin: wad("0.02"),
    },
  },
  OptionMarketPricer: {
    setPricingParams: {
      optionPriceFeeCoefficient: wad("0.01"),
      optionPriceFee1xPoint: 6n * WEEK,
      optionPriceFee2xPoint: 16n * WEEK,
      spotPriceFeeCoefficient: wad("0.01"),
      spotPriceFee1xPoint: 6n * WEEK,
      spotPriceFee2xPoint: 12n * WEEK,
      vegaFeeCoefficient: wad("100"),
      standardSize: wad("5"),
      skewAdjustmentFactor: wad("0.75"),
    },
    setTradeLimitParams: {
      minDelta: wad("0.15"),
      minForceCloseDelta: wad("0.25"),
      tradingCutoff: 12n * HOUR,
      minBaseIV: wad("0.35"),
      maxBaseIV: wad("2"),
      minSkew: wad("0.5"),
      maxSkew: wad("1.5"),
      minVol: wad("0.55"),
      maxVol: wad("3"),
      absMinSkew: wad("0.15"),
      absMaxSkew: wad("5"),
      capSkewsToAbs: false,
    },
    setVarianceFeeParams: {
      defaultVarianceFeeCoefficient: wad("0.25"),
      forceCloseVarianceFeeCoefficient: wad("0.25"),
      skewAdjustmentCoefficient: wad("3"),
      referenceSkew: wad("1"),
      minimumStaticSkewAdjustment: wad("1"),
      vegaCoefficient: wad("0.01"),
      minimumStaticVega: 0n,
      ivVarianceCoefficient: wad("1.5"),
      minimumStaticIvVariance: wad("1"),
    },
  },
  ShortPoolHedger: {
    setPoolHedgerParams: { interactionDelay: DAY, hedgeCap: 2n ** 256n - 1n },
    setShortBuffer: wad("2"),
  },
  OptionToken: {
    setPartialCollateralParams: {
      penaltyRatio: wad("0.2"),
      liquidatorFeeRatio: wad("0.4"),
      smFeeRatio: wad("0.3"),
      minLiquidationFee: wad("15"),
    },
  },
  OptionMarket: {
    setOptionMarketParams: {
      maxBoardExpiry: 365n * DAY,
      securityModule: "0xefeefeefeefeefeefeefeefeefeefeefeefeefee",
      feePortionReserved: wad("0.1"),
      staticBaseSettlementFee: wad("0.0075"),
    },
  },
} as const;

/** What Synthetix asks to exchange sETH into sUSD, and back. */
export const SYNTHETIX_FEES = { fromBase: wad("0.0075"), fromQuote: wad("0.005") } as const;
