package io.github.surprisal;

/** The code in the Javadoc of Information; InformationTest runs it. */
final class InformationSnippets {
    private InformationSnippets() {}

    static double[] information() {
        // @start region="information"
        double coin = Information.selfInformation(0.5, InformationUnit.BIT);        // heads: 1 bit
        double bent = Information.binaryEntropy(0.11, InformationUnit.BIT);         // a coin that lands on heads in 11 of 100: 0.4999 bit

        float[] weather = {0.5f, 0.25f, 0.25f};                                     // sun, rain, fog
        float[] forecast = {0.25f, 0.5f, 0.25f};
        double told = Information.entropy(weather, InformationUnit.BIT);            // 1.5 bit
        double paid = Information.crossEntropy(weather, forecast, InformationUnit.BIT);              // 1.75 bit
        double lost = Information.klDivergence(weather, forecast, InformationUnit.BIT);              // 0.25 bit = paid - told
        double apart = Information.jensenShannonDivergence(weather, forecast, InformationUnit.BIT);  // 0.0613 bit
        // @end
        return new double[] {coin, bent, told, paid, lost, apart};
    }
}
